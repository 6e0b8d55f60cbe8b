use dunwu_core::*; use std::time::Instant;
struct P(Option<u64>,Option<u64>,Option<u64>);
impl Observer for P { fn observe(&mut self,e:&RunEvent<'_>)->Flow{ let m=match e {RunEvent::Epoch{metrics,..}=>*metrics,RunEvent::Refined{metrics}=>*metrics,_=>return Flow::Continue};
 if m.epoch%50==0 {println!("{} {:.6} {:.4} {:?}",m.epoch,m.train.loss,m.train.accuracy,m.test);} 
 if m.train.accuracy>=0.99&&self.0.is_none(){self.0=Some(m.epoch)} if let Some(t)=m.test{ if t.accuracy>=0.5&&self.1.is_none_or(|x|m.epoch<x){self.1=Some(m.epoch)} if t.accuracy>=0.99&&self.2.is_none_or(|x|m.epoch<x){self.2=Some(m.epoch)}} Flow::Continue}}
fn main(){ let a:Vec<String>=std::env::args().skip(1).collect(); let plan=RunSpec::from_overrides(["epochs=400".to_string(),"train_size=2016".into()].into_iter().chain(a)).unwrap().resolve().unwrap();
 let m=71usize; let labels:Vec<u32>=(0..m*m).map(|i|((i/m+i%m)%m) as u32).collect();
 for seed in 0..plan.seeds { let mut rows:Vec<u32>=(0..(m*m) as u32).collect(); Seed(seed).draws("split").shuffle(&mut rows); let mut train=rows[..2016].to_vec(); let mut test=rows[2016..].to_vec(); train.sort();test.sort();
 let data=Dataset{task:"Z71".into(),vocab:vec![m,m],classes:m,tokens:(0..m*m).flat_map(|i|[(i/m) as u32,(i%m) as u32]).collect(),clean:labels.clone(),labels:labels.clone(),train,test,noisy:vec![]};
 let mut p=P(None,None,None); let t=Instant::now(); let o=dunwu_engine::train(&plan,&data,seed,plan.threads,None,&mut p).unwrap(); println!("seed {seed} {:?} {:?} {:?} {:.2}s {:?}",p.0,p.1,p.2,t.elapsed().as_secs_f64(),o); } }
